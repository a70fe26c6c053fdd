  tenant text; own boolean; problem text; detail text; hint text; opened integer := 0; already integer;
  holder text; tier text; enforcement text; degrade integer; units text[]; models text[]; amounts bigint[]; starts timestamptz; ends timestamptz;
  spent bigint[]; held bigint[]; first_expiry timestamptz; already_open bigint; at timestamptz; price_in bigint; price_out bigint; seconds integer; priced text;
