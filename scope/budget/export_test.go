package budget

// Pending is how many calls are queued or under way, and meters open.
func (c *Client) Pending() int {
	c.pending.mu.Lock()
	defer c.pending.mu.Unlock()
	return c.pending.count
}

// Apart says whether a tenant's calls go to the slow lane.
func (c *Client) Apart(tenant string) bool { return c.lane(tenant) == c.slow }

// InFlight is how many requests with ids of callers' own are in flight.
func (c *Client) InFlight() int {
	c.flights.mu.Lock()
	defer c.flights.mu.Unlock()
	return len(c.flights.open)
}
