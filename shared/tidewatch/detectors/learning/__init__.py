"""What the learners have in common: rows of numbers from a series, cross-fitting, trees and neighbours as arrays."""
