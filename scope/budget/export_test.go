package budget

// Pending is how many calls are queued or under way, and meters open.
func (c *Client) Pending() int {
	c.pending.mu.Lock()
	defer c.pending.mu.Unlock()
	return c.pending.count
}
