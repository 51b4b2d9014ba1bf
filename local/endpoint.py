"""``make aws``: a stand-in for AWS over HTTP, with Tidewatch's tables and bucket in it, for ``sam local invoke``."""

from __future__ import annotations

import sys

from local.project import PROJECT
from local.sam.aws.endpoint import main

if __name__ == "__main__":
    sys.exit(main(PROJECT))
