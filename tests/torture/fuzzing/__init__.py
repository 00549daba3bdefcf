"""Every parser fed with damaged and hostile input: what it is fed, how that is made, and what it is held to."""
