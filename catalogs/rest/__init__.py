"""The register over HTTP: the functions of the command, for programs; one router a subject."""
