"""What runs and studies leave behind: the table of outcomes, the columns of a run, the record of a study.

Here belong names, units and shapes, and reading them back. Statistics live in `study`, drawings in `report`.
"""
