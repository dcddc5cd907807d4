"""What the performance claims are measured with: `make bench`, `make bench-full`.

Here: generated data, the contestants (govpipes, a hand-written floor, what people glue), the cases and the report.
Not here: tests of correctness (govpipes_tests) and anything the product needs to run.
"""
