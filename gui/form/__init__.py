"""Forms made from the descriptions of protocols, cells and limits."""
