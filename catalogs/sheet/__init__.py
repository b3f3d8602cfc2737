"""The departments' Excel: template, import of what they fill in, marked copy, export."""
