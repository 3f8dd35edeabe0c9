"""Records, dockets and the shapes that judge them: step, safeguard, finding, duty. Pure: no disk, network or clock."""
