"""Give every test, and every notebook that is checked, the same quiet surroundings."""

from tools import steady

steady.apply()
