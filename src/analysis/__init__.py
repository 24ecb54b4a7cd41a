"""Platform-intervention rates and dispute losses of Pinduoduo shops, from the files that a merchant exports."""
