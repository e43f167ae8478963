"""One module and one .kv per screen. router.py knows which Body belongs to which."""
