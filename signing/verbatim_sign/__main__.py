"""``python -m verbatim_sign``."""

import sys

from verbatim_sign.command import main

sys.exit(main())
