"""The header rows of the exports, as the backend and our templates write them."""


def _columns(header: str) -> list[str]:
    return header.split(",")


# Orders, the standard 27 columns.
ORDERS_2026 = _columns(
    "商品,订单号,订单状态,商品总价(元),邮费(元),店铺优惠折扣(元),平台优惠折扣(元),多多支付立减金额(元),"
    "用户实付金额(元),商家实收金额(元),商品数量(件),发货时间,确认收货时间,商品id,商品规格,样式ID,"
    "商家编码-规格维度,商家编码-商品维度,商家备注,售后状态,快递单号,快递公司,订单成交时间,是否分期,"
    "分期期数,手续费承担方,分期方式"
)

# The same after the user moved the deal time to the front.
ORDERS_TIME_FIRST = ["订单成交时间", *(name for name in ORDERS_2026 if name != "订单成交时间")]

# Orders, the long header of 2020.
ORDERS_2020 = _columns(
    "商品,订单号,订单状态,商品总价(元),店铺优惠折扣(元),平台优惠折扣(元),邮费(元),上门安装费(元),"
    "送货入户费(元),送货入户并安装费(元),用户实付金额(元),商家实收金额(元),商品数量(件),身份证姓名,"
    "身份证号码,收货人,手机,是否审核中,省,市,区,街道,支付时间,拼单成功时间,订单确认时间,承诺发货时间,"
    "发货时间,确认收货时间,商品id,商品规格,用户购买手机号,样式ID,商家编码-SKU维度,商家编码-商品维度,"
    "快递单号,快递公司,海淘清关订单号,支付ID,支付方式,是否抽奖或0元试用,是否顺丰加价,商家备注,售后状态,"
    "买家留言,关联货品编码,货品名称,货品类型,子货品,仓库名称,仓库所在地址,是否门店自提,门店名称,"
    "门店自定义编码,旅行类信息,消费者资料"
)

# Orders, every field that can be ticked at export; one is really written with a leading space.
ORDERS_ALL_FIELDS = _columns(
    "商品,订单号,订单状态,商品数量(件),是否审核中,支付时间,承诺发货时间,承诺送达时间,发货时间,"
    "确认收货时间,商品id,商品规格,样式ID,商品一级类目,商品二级类目,商品三级类目,商品四级类目,"
    "商家编码-规格维度,商家编码-商品维度,商家备注,买家留言,售后状态,消费者资料,订单成交时间,"
    "消费者资料上传时间,赠品名称,赠品id,赠品规格,赠品数量,团ID,团身份,是否已开始配送,配送员是否已送达,"
    "配送状态,同城是否普通快递,商品总价(元),邮费(元),店铺优惠折扣(元),平台优惠折扣(元),"
    "多多支付立减金额(元),上门安装费(元),送货入户费(元),送货入户并安装费(元),用户实付金额(元),"
    "商家实收金额(元),快递单号,快递公司,省,市,区,街道/镇,配送员手机号,是否抽奖或0元试用,是否顺丰加价,"
    " 用户购买手机号,旅行类信息,充值号码,是否门店自提,门店名称,门店自定义编码,关联货品编码,货品名称,"
    "货品类型,子货品,仓库名称,仓库所在地址,海淘清关订单号,支付ID,支付方式,保税仓,是否直播间成交,"
    "是否直播间引导成交,预约配送时间,是否节能补贴,是否分期,分期期数,手续费承担方,是否无痕发货,订单来源,"
    "是否社区团购,小区送达情况,分期方式"
)

# After-sales; 发货运单号, 收货人 and 同意退货人 are our reading of three names that are not certain.
AFTER_SALES = _columns(
    "售后编号,订单编号,交易金额,售后状态,退款类型,退款金额,订单状态,发货运单号,商品id,收货人,超时时间,"
    "申请时间,售后原因,退货运单号,退货物流状态,退货物流状态对应时间,同意退款时间,同意退款人,同意退货时间,"
    "同意退货人,快递拦截状态,sku信息,订单标记,备注"
)

# Ledger.
LEDGER = _columns("商户订单号,发生时间,收入金额（+元）,支出金额（-元）,账务类型,备注,业务描述")

# Service figures.
PLATFORM_FIGURES = _columns(
    "统计时间,纠纷退款数,纠纷退款率,介入订单数,平台介入率,品质退款率,平均退款时长,成功退款订单数,"
    "成功退款金额,成功退款率,退货退款自主完结时长,退款自主完结时长"
)

# Our ticket template.
TICKETS = _columns(
    "工单编号,订单编号,工单类型,工单状态,创建时间,截止时间,剩余处理时间,工单内容,商家回复,举证材料,"
    "处理结果,关闭时间,是否判责商家,扣款金额"
)

# Our appeal template.
APPEALS = _columns(
    "订单编号,售后编号,申诉类型,申诉子类型,申诉状态,申诉原因,退款金额,最多可申诉金额,退款时间,剩余时间,申诉结果,申诉时间"
)

# Our intervention template.
INTERVENTIONS = _columns("订单编号,介入时间,发起方,结果,判定时间,备注")

# Our template of what was done about the orders on the watch list.
OUTCOMES = _columns("订单编号,处理时间,处理方式,备注")

# Our template of costs that no export shows.
COSTS = _columns("订单编号,费用项目,金额,日期,备注")

# Our restriction template.
RESTRICTIONS = _columns("限制类型,开始时间,结束时间,备注")
