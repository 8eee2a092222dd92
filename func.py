"""What the func CLI builds from this folder: the function that CNAP_FUNCTION names."""

import os

from cnap.runner import load

main = load(os.environ.get("CNAP_FUNCTION", "")).main
