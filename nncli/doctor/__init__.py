"""What a person asks when a network does not learn: all that can be measured, judged, and tried."""
