"""What follows from what was learned: advice, forecasts, what-if, bottlenecks; pure, and below the surfaces."""
