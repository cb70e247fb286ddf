"""This deployment's enrichments, one folder each, and its model pools."""
