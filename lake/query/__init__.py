"""Reading inside the house: guarded, masked by clearance, limited, recorded first."""
