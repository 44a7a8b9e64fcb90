"""dropreel on a laptop: the synthesized stack in moto, and simulated gateways."""
