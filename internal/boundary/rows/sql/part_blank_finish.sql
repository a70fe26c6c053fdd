        again := NULL; input_tokens := NULL; output_tokens := NULL; cost_micros := NULL;
