"""Whether what one space may send is what another accepts: schemas compared, with examples that prove a break."""
