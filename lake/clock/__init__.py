"""A real Airflow, started, driven and ended by the hub; and what is due."""
