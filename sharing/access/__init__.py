"""What a firm reaches an extract by: grants, the gate, the Delta Sharing protocol on a socket."""
