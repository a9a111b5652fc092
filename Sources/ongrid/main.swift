import OngridCommands

Ongrid.main()
