"""The vendored faces, cut to what cards need (`redbook/tools/make_fonts.py`), each beside its licence (SIL OFL 1.1)."""
