"""What the hand can do, one act a file: plan a path from what is seen, follow it, and look whether it worked."""
