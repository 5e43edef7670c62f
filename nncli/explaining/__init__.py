"""What explain says and editors show, from the tables of the language and from torch."""
