"""What ends early: purges and withdrawals, and what they do to extracts, grants and cases."""
