"""Landing: a delivery's bytes within its unit's quota, sealed and stored before anything reads them."""
