"""The texts of the registry as data: steps, the network, root causes, remarks."""
