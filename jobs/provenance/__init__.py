"""What a restored picture says of itself when it leaves the site: that a model had a hand in it.

`facts` are taken from the job; `label` says them in XMP, for any program that reads metadata;
`seal` signs them as a C2PA manifest, so that a change is noticed; `citation` is the sentence that
an archive prints under the picture.
"""

from jobs.provenance.facts import NothingRestored, Provenance, of_job

__all__ = ["NothingRestored", "Provenance", "of_job"]
