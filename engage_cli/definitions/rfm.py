"""Scores of recency, frequency and monetary value (`rfm:` traits), and the segments that they name: docs/traits.md says how."""

SCORES = 5
"""Quintiles: the scores are 1 to 5."""

PARTS = ("recency", "frequency", "monetary")

SEGMENTS: tuple[tuple[str, range, range], ...] = (
    ("Champions", range(5, 6), range(4, 6)),
    ("Loyal Customers", range(3, 5), range(4, 6)),
    ("Potential Loyalists", range(4, 6), range(2, 4)),
    ("New Customers", range(5, 6), range(1, 2)),
    ("Promising", range(4, 5), range(1, 2)),
    ("Need Attention", range(3, 4), range(3, 4)),
    ("About To Sleep", range(3, 4), range(1, 3)),
    ("At Risk", range(1, 3), range(3, 5)),
    ("Can't Lose Them", range(1, 3), range(5, 6)),
    ("Hibernating", range(1, 3), range(1, 3)),
)
"""Each segment with its scores of recency and of frequency: every pair is in exactly one.

The names are those of the R package rfm (https://www.rdocumentation.org/packages/rfm/versions/0.2.0/topics/rfm_segment), whose own ranges
overlap and leave gaps. The grid is the one by which RFM segments are commonly drawn, five by five fields of recency and frequency, as in
https://github.com/SaadAbdElGhaffar/customer-segmentation-rfm-kmeans/blob/main/utils/rfm_analysis.py.
"""
