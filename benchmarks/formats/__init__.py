"""The formats of test collections: ours, BEIR, TREC, and the published forms of WANDS and ESCI."""
