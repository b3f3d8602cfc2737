"""Who may do what: one question, decided by the city's policies."""
