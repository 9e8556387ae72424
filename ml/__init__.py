"""From a table to a published bundle: data sets, training, evaluation, the gate."""
