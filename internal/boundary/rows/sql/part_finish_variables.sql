  tenant text; own boolean := false; problem text; detail text; hint text; closed integer := 0; already integer := 0; touched boolean := false; wanted text := '-'; complexity text;
  holder text; tier text; enforcement text; degrade integer; units text[]; models text[]; amounts bigint[]; starts timestamptz; ends timestamptz;
  spent bigint[]; held bigint[]; first_expiry timestamptz; already_open bigint; at timestamptz;
  made timestamptz; of_model text; tokens bigint; micros bigint; held_tokens bigint; held_micros bigint; line record;
