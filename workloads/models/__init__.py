"""Definitions of models that no package ships in the form we need.

Parameter names are those of the published weights, so that these load into them.
"""
