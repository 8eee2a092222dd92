"""What the func CLI builds from this folder: the function that CNAP_FUNCTION names.

`python -m parliament functions/infer`, in this folder, finds this file before that one: then it is
that function.
"""

import os
import sys
from pathlib import Path

from cnap.runner import load

main = load(os.environ.get("CNAP_FUNCTION") or Path(sys.argv[-1]).name).main
