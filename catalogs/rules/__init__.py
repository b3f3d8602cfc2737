"""What an entry must keep, alone and beside others, and its grade; each rule with the text that it rests on."""
