"""Contract suites, behaviour suites, a clock to turn by hand and small worlds whose right answers are known."""
