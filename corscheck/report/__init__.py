"""Reports: views for the terminal, and one writer for each file format. All of them read the saved model only."""
