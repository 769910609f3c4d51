"""A report on disk: its objects, how it is read, continued, merged and summed up."""
