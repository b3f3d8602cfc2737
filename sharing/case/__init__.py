"""A case from application to agreement: who applies, who decides, by which rule."""
