"""Formulas, and nothing else: no state, no files, no framework.

Each function is one equation with its symbols, units and source. The rest of the program holds no
formula of noise, repetition, light or converters. They are written with operators only wherever a
learner or a test needs them so: the same function takes a float, an array, a tensor that carries
gradients, or a quantity with dimensions. (Bits and the survey fit take logarithms, and floats.)

* :mod:`~archsim.physics.noise`: standard deviation of each source on one output;
* :mod:`~archsim.physics.repetition`: how K repetitions act, on noise and on counts;
* :mod:`~archsim.physics.precision`: noise as bits;
* :mod:`~archsim.physics.optics`: light from the laser to the detector;
* :mod:`~archsim.physics.converters`: energy and area of converters.
"""
