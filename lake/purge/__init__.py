"""Erasing deliveries everywhere with proof, and finding where one person's rows stand."""
