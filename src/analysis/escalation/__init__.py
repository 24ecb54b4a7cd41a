"""Landmarks → which open orders will escalate, how sure, why, and when to say nothing."""
